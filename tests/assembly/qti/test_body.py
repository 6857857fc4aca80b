from assembly.qti import body, interactions
from assembly.qti.body import Element, Text

NESTED = Element("div", {}, (Text("a "), Element("p", {}, (Text("b"),)), Text("c")))


def test_text_is_read_through_elements_and_breaks_at_paragraphs() -> None:
    assert body.text_of((NESTED,)) == "a b c"


def test_an_image_is_read_by_its_alternative_text() -> None:
    assert body.text_of((Text("see"), Element("img", {"alt": "a map"}))) == "see a map"


def test_annotations_of_formulas_are_not_read_aloud() -> None:
    formula = Element("semantics", {}, (Text("x"), Element("annotation", {}, (Text("\\x"),))))
    assert body.text_of((formula,)) == "x"


def test_walking_enters_the_contents_of_interactions() -> None:
    choice = interactions.SimpleChoice(identifier="A", content=(Text("inside"),))
    interaction = interactions.Choice(response_identifier="R", attributes={}, choices=(choice,))
    assert Text("inside") in list(body.walk((Element("div", {}, (interaction,)),)))
