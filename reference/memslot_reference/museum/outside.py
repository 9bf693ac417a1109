"""The bugs of the catalogue that are not in the museum, each with the reason.

K numbers are the kernel's bugs, U numbers those of its users: hypervisors and
the libraries under them. S numbers are the defects of the published patch that
have neither an exhibit nor a K number of their own.
"""

from __future__ import annotations

IOMMU = "no device is modelled: nothing is pinned, and there is no IOMMU"
GUEST_MEMFD = "slots backed by guest_memfd are not modelled"
IN_TRACES = "a VMM's own doing, to be seen in a trace of its calls"

OUTSIDE: dict[str, str] = {
    "K03": "S2: count_rmaps() walked names that were never declared, so a kernel built "
    "to audit did not compile (805d32dea4df): there is nothing to run",
    "K16": f"pages left mapped after a delete (CVE-2012-2121): {IOMMU}",
    "K17": f"the old guest address kept after a move (CVE-2013-4592): {IOMMU}",
    "K18": f"too many or too few pages unpinned (CVE-2014-3601, -8369): {IOMMU}",
    "K19": f"a mapping loop that stops at a page mapped already: {IOMMU}",
    "K45": "history only: to flush just the slot conforms, and why it broke device "
    "assignment was never explained",
    "K54": f"a binding left when its file is dying: {GUEST_MEMFD}",
    "K55": f"the flag toggled on a live slot: {GUEST_MEMFD}",
    "K56": f"a signed sum of offset and size: {GUEST_MEMFD}",
    "K63": "an offset taken before unaliasing: aliases of frames are not modelled",
    "K64": "memory that moves under fork: the host neither forks nor copies on write",
    "K65": "the reset of the dirty ring: there is a bitmap here, and no ring",
    "U01": f"a cursor that stood still in a file (Firecracker #5696): {IN_TRACES}",
    "U02": f"a log fetched before a save that failed (Firecracker #4545): {IN_TRACES}",
    "U03": f"a slot deleted before its last log was fetched (QEMU): {IN_TRACES}",
    "U04": f"a hole between two requests (QEMU): {IN_TRACES}",
    "U05": f"an EEXIST that was ignored (gVisor #6491): {IN_TRACES}",
    "U06": f"ids that were never given back (cloud-hypervisor #6842): {IN_TRACES}",
    "U07": f"an id used for two regions (cloud-hypervisor #136): {IN_TRACES}",
    "U08": f"memory freed under a slot that was kept (kvmtool): {IN_TRACES}",
    "U14": "torn or unbounded access to guest memory (CVE-2020-13759): its bytes "
    "are not modelled",
    "U15": f"a region registered twice (libvfio-user #439): {IN_TRACES}",
    "S2": "what did not compile: see K03",
    "S5": "a load that lockdep cannot prove: it reads the same pointer",
    "S13": "the IOMMU's part of the patch: see K16 to K19",
    "S21": "a lookup before the slot is published, in ia64's prepare: the model is "
    "of x86",
    "S22": "a comment that names the wrong lock",
}
"""Why each entry is not carried, by its number: what it was, and the reason."""
