"""The bugs of the catalogue that are not in the museum, each with the reason.

K numbers are the kernel's bugs, U numbers those of its users: hypervisors and
the libraries under them. S numbers are the defects of the published patch that
have neither an exhibit nor a K number of their own.
"""

from __future__ import annotations

IOMMU = "there is no IOMMU here: pages are neither pinned nor mapped for devices"
GUEST_MEMFD = "slots backed by guest_memfd are not modelled"
TRACES = "what userspace does with its own slots is seen in its calls, not in a VM"
TRANSLATION = "it needs guest memory that is read and written byte by byte"

OUTSIDE: dict[str, str] = {
    "K16": f"{IOMMU} (CVE-2012-2121)",
    "K17": f"{IOMMU} (CVE-2013-4592)",
    "K18": f"{IOMMU} (CVE-2014-3601, CVE-2014-8369)",
    "K19": IOMMU,
    "K45": "history only: flushing just the slot conforms; what broke was not found",
    "K54": GUEST_MEMFD,
    "K55": GUEST_MEMFD,
    "K56": GUEST_MEMFD,
    "K63": "aliases of guest frames, which went with v2.6.36, are not modelled",
    "K64": "the host's memory has no fork and no copy on write here",
    "K65": "the dirty ring is not modelled, nor its reset",
    "U01": f"a snapshot file's cursor is the VMM's own; {TRACES} (Firecracker #5696)",
    "U02": f"what becomes of a fetched log is the VMM's own (Firecracker #4545); {TRACES}",
    "U03": f"the order is the VMM's own: delete, then fetch; {TRACES} (QEMU)",
    "U04": f"the hole between two requests is the VMM's own; {TRACES} (QEMU)",
    "U05": f"the VMM ignored an EEXIST that it was given; {TRACES} (gVisor #6491)",
    "U06": f"the VMM's own ids ran out; {TRACES} (cloud-hypervisor #6842, #6843)",
    "U07": f"the VMM used an id twice; {TRACES} (cloud-hypervisor #136)",
    "U08": f"the VMM freed memory under a slot it kept; {TRACES} (kvmtool)",
    "U14": f"{TRANSLATION} (CVE-2020-13759, CVE-2023-41051)",
    "U15": f"the VMM added a region twice; {TRACES} (oracle/qemu, libvfio-user)",
    "S5": "a load that lockdep could not prove; it reads the same pointer",
    "S13": "the IOMMU again: K16 to K19",
    "S21": "ia64 alone: prepare looked the slot up before it was published",
    "S22": "a comment that named the wrong lock",
}
"""Why each entry is not carried, by its number."""
