"""Drafts of tests as their authors edit them: parts, sections and item refs."""

from __future__ import annotations

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from assembly import selection
from assembly.models.items import Asset, Item, ItemVersion

identifier_rule = RegexValidator(
    r"^[A-Za-z_][A-Za-z0-9_.\-]*$",
    _("Begin with a letter; then letters, digits, dots, hyphens and underscores."),
)

SELECT_MODES = [
    (selection.Select.AS_WRITTEN.value, _("As each section says")),
    (selection.Select.FIXED.value, _("Fixed: the first items in order")),
    (selection.Select.RANDOM.value, _("Random")),
]
ORDER_MODES = [
    (selection.Order.AS_WRITTEN.value, _("As each section says")),
    (selection.Order.SEQUENTIAL.value, _("Sequential")),
    (selection.Order.RANDOM.value, _("Random within every section")),
    (selection.Order.SHUFFLE_SECTIONS.value, _("Shuffle the sections of each part")),
]


class Rule(models.TextChoices):
    ALL = "all", _("All items")
    FIRST = "first", _("The first items in order")
    RANDOM = "random", _("Random items")
    ADAPTIVE = "adaptive", _("Adaptive")


class NavigationMode(models.TextChoices):
    LINEAR = "linear", _("Linear: no way back")
    NONLINEAR = "nonlinear", _("Nonlinear: any order")


class SubmissionMode(models.TextChoices):
    INDIVIDUAL = "individual", _("Item by item")
    SIMULTANEOUS = "simultaneous", _("All at the end of the part")


class Timed(models.Model):
    min_seconds = models.PositiveIntegerField(_("minimum time (seconds)"), null=True, blank=True)
    max_seconds = models.PositiveIntegerField(
        _("maximum time (seconds)"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    allow_late_submission = models.BooleanField(_("accept late answers"), default=False)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(max_seconds__isnull=True)
                | (
                    Q(max_seconds__gte=1)
                    & (Q(min_seconds__isnull=True) | Q(min_seconds__lte=F("max_seconds")))
                ),
                name="%(class)s_times_in_order",
            )
        ]


class Controlled(models.Model):
    """Item session control; an empty field is inherited from what encloses it."""

    max_attempts = models.PositiveIntegerField(
        _("attempts"), null=True, blank=True, help_text=_("0 means as many as the candidate likes.")
    )
    show_feedback = models.BooleanField(_("show feedback"), null=True, blank=True)
    allow_review = models.BooleanField(_("allow review"), null=True, blank=True)
    show_solution = models.BooleanField(_("show the solution"), null=True, blank=True)
    allow_comment = models.BooleanField(_("allow comments"), null=True, blank=True)
    allow_skipping = models.BooleanField(_("allow skipping"), null=True, blank=True)
    validate_responses = models.BooleanField(_("only valid answers"), null=True, blank=True)

    class Meta:
        abstract = True


class AssessmentTest(Timed):
    """The draft of a test; where `xml` is set it was imported, and that XML is published."""

    identifier = models.CharField(
        _("identifier"), max_length=255, unique=True, validators=[identifier_rule]
    )
    title = models.CharField(_("title"), max_length=500)
    language = models.CharField(_("language"), max_length=35, blank=True)
    select_mode = models.CharField(
        _("selection"),
        max_length=20,
        choices=SELECT_MODES,
        default=selection.Select.AS_WRITTEN.value,
    )
    order_mode = models.CharField(
        _("order"), max_length=20, choices=ORDER_MODES, default=selection.Order.AS_WRITTEN.value
    )
    xml = models.TextField(_("imported QTI"), blank=True)
    # Of an imported test that is edited here: its rules without a row of their own live on in it.
    origin = models.TextField(blank=True, editable=False)
    # What the manifest told of the test, and of the package that it came in.
    metadata = models.TextField(blank=True, editable=False)
    package_metadata = models.TextField(blank=True, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta(Timed.Meta):
        verbose_name = _("test")
        verbose_name_plural = _("tests")
        ordering = ["identifier"]

    def __str__(self) -> str:
        return self.title


class TestPart(Timed, Controlled):
    test = models.ForeignKey(
        AssessmentTest, on_delete=models.CASCADE, related_name="parts", verbose_name=_("test")
    )
    identifier = models.CharField(_("identifier"), max_length=255, validators=[identifier_rule])
    title = models.CharField(_("title"), max_length=500, blank=True)
    position = models.PositiveIntegerField(_("position"), default=1)
    navigation_mode = models.CharField(
        _("navigation"), max_length=10, choices=NavigationMode, default=NavigationMode.NONLINEAR
    )
    submission_mode = models.CharField(
        _("submission"), max_length=12, choices=SubmissionMode, default=SubmissionMode.INDIVIDUAL
    )

    class Meta(Timed.Meta):
        verbose_name = _("test part")
        verbose_name_plural = _("test parts")
        ordering = ["test", "position", "id"]
        constraints = [
            *Timed.Meta.constraints,
            models.CheckConstraint(
                condition=Q(
                    navigation_mode__in=NavigationMode.values,
                    submission_mode__in=SubmissionMode.values,
                ),
                name="testpart_modes_known",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.identifier


class Section(Timed, Controlled):
    part = models.ForeignKey(
        TestPart, on_delete=models.CASCADE, related_name="sections", verbose_name=_("test part")
    )
    parent = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("inside"),
    )
    identifier = models.CharField(_("identifier"), max_length=255, validators=[identifier_rule])
    title = models.CharField(_("title"), max_length=500)
    position = models.PositiveIntegerField(_("position"), default=1)
    instructions = models.TextField(
        _("instructions"), blank=True, help_text=_("Shown to the candidate.")
    )
    visible = models.BooleanField(_("visible"), default=True)
    required = models.BooleanField(_("required"), default=False)
    fixed = models.BooleanField(_("keeps its place"), default=False)
    keep_together = models.BooleanField(_("keep together"), default=True)
    rule = models.CharField(_("selection"), max_length=10, choices=Rule, default=Rule.ALL)
    select = models.PositiveIntegerField(
        _("how many"), null=True, blank=True, help_text=_("For the first items or random items.")
    )
    with_replacement = models.BooleanField(_("an item may come twice"), default=False)
    shuffle = models.BooleanField(_("shuffle"), default=False)
    min_items = models.PositiveIntegerField(_("adaptive: at least"), default=5)
    max_items = models.PositiveIntegerField(_("adaptive: at most"), default=20)
    standard_error = models.FloatField(
        _("adaptive: stop at standard error"),
        null=True,
        blank=True,
        help_text=_("0.30 is a reliability of about .91."),
    )
    choose_among = models.PositiveIntegerField(_("adaptive: choose among the best"), default=5)
    scaling = models.FloatField(_("adaptive: scaling constant D"), default=1.0)

    class Meta(Timed.Meta):
        verbose_name = _("section")
        verbose_name_plural = _("sections")
        ordering = ["part", "position", "id"]
        constraints = [
            *Timed.Meta.constraints,
            models.CheckConstraint(condition=Q(rule__in=Rule.values), name="section_rule_known"),
            models.CheckConstraint(
                condition=Q(rule__in=[Rule.ALL, Rule.ADAPTIVE]) | Q(select__gte=1),
                name="section_selects_some",
            ),
            models.CheckConstraint(
                condition=Q(
                    min_items__gte=1,
                    max_items__gte=F("min_items"),
                    choose_among__gte=1,
                    scaling__gt=0,
                ),
                name="section_adaptive_settings_sound",
            ),
            models.CheckConstraint(
                condition=Q(standard_error__isnull=True) | Q(standard_error__gt=0),
                name="section_error_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.title or self.identifier


class ItemRef(Timed, Controlled):
    """An item in its place; without a version, publishing pins the newest one."""

    section = models.ForeignKey(
        Section, on_delete=models.CASCADE, related_name="refs", verbose_name=_("section")
    )
    item = models.ForeignKey(
        Item, on_delete=models.PROTECT, related_name="refs", verbose_name=_("item")
    )
    version = models.ForeignKey(
        ItemVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="refs",
        verbose_name=_("version"),
    )
    identifier = models.CharField(_("identifier"), max_length=255, validators=[identifier_rule])
    position = models.PositiveIntegerField(_("position"), default=1)
    required = models.BooleanField(_("required"), default=False)
    fixed = models.BooleanField(_("keeps its place"), default=False)
    categories = models.CharField(
        _("categories"), max_length=500, blank=True, help_text=_("Separated by spaces.")
    )
    weight = models.FloatField(_("weight"), default=1.0)

    class Meta(Timed.Meta):
        verbose_name = _("item ref")
        verbose_name_plural = _("item refs")
        ordering = ["section", "position", "id"]

    def __str__(self) -> str:
        return self.identifier


class TestAsset(models.Model):
    """Which file the draft of a test means by an address in its instructions."""

    test = models.ForeignKey(AssessmentTest, on_delete=models.CASCADE, related_name="files")
    href = models.CharField(max_length=1000)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["test", "href"], name="test_href_once")]

    def __str__(self) -> str:
        return self.href
