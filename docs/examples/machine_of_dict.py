"""The suite as a test of one's own: `pytest machine_of_dict.py`."""

from __future__ import annotations

from dict_adapter import DictAdapter
from hypothesis import settings

from memslot_conformance import machine

DictMachine = machine(DictAdapter)

TestDict = DictMachine.TestCase
TestDict.settings = settings(TestDict.settings, max_examples=200)
