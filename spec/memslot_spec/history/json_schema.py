"""The JSON Schema of what the codec reads: draft 2020-12, from the same forms.

A file of lines is described as the array of its lines. What a schema cannot say is left
out: that events follow from each other, or that a key stands once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from memslot_spec.history.json_kinds import (
    EnumForm,
    Form,
    ListForm,
    MapForm,
    OptionalForm,
    RecordForm,
    ScalarForm,
    UnionForm,
)

DRAFT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, object]


def schema_of_lines(
    title: str,
    first: Sequence[tuple[RecordForm | UnionForm, Mapping[str, object]]],
    rest: Form,
) -> Schema:
    """A file of lines: the first ones, and the form of all the others.

    Each of the first has beside its own the keys that are given with their values.
    """
    schemas = _Schemas()
    heads = [schemas.with_keys(form, keys) for form, keys in first]
    return {
        "$schema": DRAFT,
        "title": title,
        "description": "The lines of the file, in their order, as one array.",
        "type": "array",
        "minItems": len(heads),
        "prefixItems": heads,
        "items": schemas.of(rest),
        "$defs": dict(sorted(schemas.definitions.items())),
    }


class _Schemas:
    """Schemas that refer to each other by the names of the classes."""

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self._kinds: dict[str, type] = {}

    def of(self, form: Form) -> Schema:
        """The schema of a form; classes are defined once, and referred to."""
        match form:
            case ScalarForm(kind, None):
                said: Schema = {"type": kind}
            case ScalarForm(kind, int(bits)):
                said = {"type": kind, "minimum": 0, "maximum": (1 << bits) - 1}
            case EnumForm(members):
                said = {"enum": list(members)}
            case OptionalForm(some):
                said = {"anyOf": [self.of(some), {"type": "null"}]}
            case ListForm(item):
                said = {"type": "array", "items": self.of(item)}
            case MapForm(item):
                said = {"type": "object", "additionalProperties": self.of(item)}
            case RecordForm():
                said = self._reference(form, {})
            case UnionForm(tag, records):
                each = [self._reference(r, {tag: name}) for name, r in records.items()]
                said = {"anyOf": each}
            case _:
                message = f"{form!r} has no schema"
                raise TypeError(message)
        return said

    def with_keys(
        self, form: RecordForm | UnionForm, keys: Mapping[str, object]
    ) -> Schema:
        """The schema of an object that has these keys beside its own."""
        if isinstance(form, RecordForm):
            return self._object(form, keys)
        each = [
            self._object(record, {**keys, form.tag: name})
            for name, record in form.records.items()
        ]
        return {"anyOf": each}

    def _reference(self, record: RecordForm, keys: Mapping[str, object]) -> Schema:
        name = record.kind.__name__
        if self._kinds.setdefault(name, record.kind) is not record.kind:
            message = f"two classes are called {name}"
            raise TypeError(message)
        if name not in self.definitions:
            self.definitions[name] = {}
            self.definitions[name] = self._object(record, keys)
        return {"$ref": f"#/$defs/{name}"}

    def _object(self, record: RecordForm, keys: Mapping[str, object]) -> Schema:
        said: dict[str, object] = {key: {"const": value} for key, value in keys.items()}
        own = {name: self.of(form) for name, form in record.fields.items()}
        return {
            "type": "object",
            "properties": {**said, **own},
            "required": [*keys, *record.required],
            "additionalProperties": False,
        }
