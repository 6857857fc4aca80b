"""Three-valued logic: and, or, not, any-n, is-null."""

from assembly.qti import values
from assembly.qti.expressions import Call
from assembly.qti.values import Value


def and_(call: Call) -> Value | None:
    """False wins over NULL, NULL over true."""
    flags = call.booleans()
    if False in flags:
        return values.boolean(False)
    return None if None in flags else values.boolean(True)


def or_(call: Call) -> Value | None:
    """True wins over NULL, NULL over false."""
    flags = call.booleans()
    if True in flags:
        return values.boolean(True)
    return None if None in flags else values.boolean(False)


def not_(call: Call) -> Value | None:
    flag = call.booleans(1, 1)[0]
    return None if flag is None else values.boolean(not flag)


def any_n(call: Call) -> Value | None:
    """NULL unless every way to settle the NULL operands gives the same answer."""
    flags = call.booleans()
    least, most = call.whole("min"), call.whole("max")
    if least is None or most is None:
        return None
    sure, possible = flags.count(True), flags.count(True) + flags.count(None)
    if possible < least or sure > most:
        return values.boolean(False)
    if sure >= least and possible <= most:
        return values.boolean(True)
    return None


def is_null(call: Call) -> Value | None:
    return values.boolean(call.count(1, 1)[0] is None)


TABLE = {"and": and_, "any-n": any_n, "is-null": is_null, "not": not_, "or": or_}
