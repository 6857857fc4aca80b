"""What can be asked: the item bank, drafts of tests, what was published, and long work."""

from assembly.models.drafts import (
    AssessmentTest,
    Controlled,
    ItemRef,
    Rule,
    Section,
    TestAsset,
    TestPart,
    Timed,
)
from assembly.models.items import (
    Asset,
    ImmutableError,
    Item,
    ItemVersion,
    ItemVersionAsset,
    VersionState,
)
from assembly.models.jobs import Job, JobKind, JobState
from assembly.models.published import (
    AssessmentTestVersion,
    TestForm,
    TestVersionAsset,
    TestVersionItem,
)

__all__ = [
    "AssessmentTest",
    "AssessmentTestVersion",
    "Asset",
    "Controlled",
    "ImmutableError",
    "Item",
    "ItemRef",
    "ItemVersion",
    "ItemVersionAsset",
    "Job",
    "JobKind",
    "JobState",
    "Rule",
    "Section",
    "TestAsset",
    "TestForm",
    "TestPart",
    "TestVersionAsset",
    "TestVersionItem",
    "Timed",
    "VersionState",
]
