"""Whole numbers in the bases from 2 to 36, as people write them."""

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
DECIMAL = 10
LONGEST = 300


def known(base: int) -> int:
    """The base, or ten where there is no such one."""
    return base if 2 <= base <= len(DIGITS) else DECIMAL


def written(number: int, base: int) -> str:
    if base == DECIMAL:
        return str(number)
    digits, rest = "", abs(number)
    while rest or not digits:
        rest, digit = divmod(rest, base)
        digits = DIGITS[digit] + digits
    return f"-{digits}" if number < 0 else digits


def read(text: str, base: int) -> str:
    """QTI's lexical form of a number typed in a base; what is none stays no number, and says so."""
    digits = text.strip().lower().removeprefix("+")
    bare = digits.removeprefix("-")
    if 0 < len(bare) <= LONGEST and all(digit in DIGITS[:base] for digit in bare):
        return str(int(digits, base))
    return f"{text} (base {base})"


def shown(lexical: str, base: int) -> str:
    """What `read` gave, as it may have been typed."""
    try:
        return lexical if base == DECIMAL else written(int(lexical), base)
    except ValueError:
        return lexical.removesuffix(f" (base {base})")
