"""The elements and attributes of item content that reach a page; everything else is dropped."""

import re


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_FLOW = """a abbr address article aside audio b bdi bdo blockquote br caption cite code col colgroup
    dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins
    kbd label li main mark nav ol p picture pre q rb rbc rp rt rtc ruby s samp section small source
    span strong sub summary sup table tbody td tfoot th thead time tr track tt u ul var video
    wbr"""
_MATHML = """math maction maligngroup malignmark menclose merror mfenced mfrac mglyph mi mlabeledtr
    mlongdiv mmultiscripts mn mo mover mpadded mphantom mprescripts mroot mrow ms mscarries mscarry
    msgroup msline mspace msqrt msrow mstack mstyle msub msubsup msup mtable mtd mtext mtr munder
    munderover none semantics annotation"""
_QTI = """qti-feedback-block qti-feedback-inline qti-template-block qti-template-inline
    qti-printed-variable qti-rubric-block qti-hottext qti-gap"""

FLOW = _words(_FLOW)
MATHML = _words(_MATHML)
QTI = _words(_QTI)
ELEMENTS = FLOW | MATHML | QTI

# Elements whose content goes with them; of any other unknown element the content stays.
DROPPED = _words("""
    script style link meta base title head iframe frame frameset embed applet form input button
    select textarea template svg canvas noscript qti-stylesheet qti-catalog-info catalog-info
    qti-companion-materials-info annotation-xml param include qti-prompt qti-gap-text qti-gap-img
    qti-simple-choice qti-interaction-markup qti-interaction-modules
    portableInfoControl""")
# Wrappers without a meaning of their own in a page.
TRANSPARENT = _words("qti-content-body html body center font big blink nobr acronym strike")
VOID = _words("br col hr img source track wbr")

_GLOBAL = _words("class id lang dir title role tabindex hidden translate")
_BY_ELEMENT = {
    "a": "href target rel",
    "audio": "src controls loop muted preload",
    "bdo": "dir",
    "blockquote": "cite",
    "col": "span",
    "colgroup": "span",
    "del": "datetime",
    "details": "open",
    "img": "src srcset sizes alt width height longdesc",
    "ins": "datetime",
    "li": "value",
    "ol": "start type reversed",
    "q": "cite",
    "source": "src srcset sizes media type",
    "table": "summary",
    "td": "colspan rowspan headers",
    "th": "colspan rowspan headers scope abbr",
    "time": "datetime",
    "track": "src kind srclang label default",
    "video": "src poster controls loop muted preload width height",
    "qti-feedback-block": "identifier outcome-identifier show-hide",
    "qti-feedback-inline": "identifier outcome-identifier show-hide",
    "qti-template-block": "identifier template-identifier show-hide",
    "qti-template-inline": "identifier template-identifier show-hide",
    "qti-printed-variable": "identifier format base index power-form field delimiter"
    " mapping-indicator",
    "qti-rubric-block": "view use",
    "qti-hottext": "identifier template-identifier show-hide",
    "qti-gap": "identifier template-identifier show-hide",
}
_MATH_ATTRIBUTES = _words("""
    accent accentunder align altimg alttext bevelled charalign close columnalign columnlines
    columnspacing columnspan crossout depth dir display displaystyle encoding fence form frame
    framespacing height largeop length linebreak linethickness location longdivstyle lquote lspace
    mathbackground mathcolor mathsize mathvariant maxsize maxwidth minsize movablelimits
    mslinethickness notation numalign denomalign open overflow position rowalign rowlines
    rowspacing rowspan rquote rspace scriptlevel scriptminsize scriptsizemultiplier selection
    separator separators shift side
    stackalign stretchy subscriptshift superscriptshift symmetric valign voffset width
    xmlns""")
_ALLOWED = {name: _words(listed) for name, listed in _BY_ELEMENT.items()}
_OPEN_FAMILIES = re.compile(r"(?:aria|data)-[a-z0-9_.-]+")
# Attributes by which a page's own scripts would mistake content for controls.
_OUR_DATA = re.compile(r"data-(?:interaction|response|hx-|qti-ui)")

_OUR_CLASSES = _words("""
    attention badge brand button button-row card cards centred counts dialog-head
    empty end facts field figures good grid hint invalid label
    large lead link loose messages narrow notice nowrap number pages
    primary problem prose quiet row scroll segments skip small spread
    stack stop tight trail visually-hidden wide wrap chosen data dot
    dragging eliminated live over placed ready""")

LINKS = frozenset({"src", "href", "poster", "longdesc", "cite", "altimg"})


def allows(element: str, attribute: str) -> bool:
    if _OPEN_FAMILIES.fullmatch(attribute):
        return _OUR_DATA.match(attribute) is None
    if element in MATHML:
        return attribute in _MATH_ATTRIBUTES or attribute in _GLOBAL
    return attribute in _GLOBAL or attribute in _ALLOWED.get(element, frozenset())


def safe_link(address: str) -> bool:
    """Relative addresses and plain schemes; control characters hide schemes, so they go first."""
    scheme = re.match(r"([a-z][a-z0-9+.-]*):", re.sub(r"[\s\x00-\x20\x7f]+", "", address).lower())
    if scheme is None:
        return True
    if scheme[1] == "data":
        return re.match(r"data:image/(?:png|jpe?g|gif|webp);base64,", address.strip()) is not None
    return scheme[1] in ("http", "https", "mailto")


def content_classes(value: str) -> str:
    """The classes of package content, but for names that mean something in our own pages."""
    return " ".join(name for name in value.split() if name not in _OUR_CLASSES)
