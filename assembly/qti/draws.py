"""Draws that a seed fixes, for what response processing leaves to chance."""

import hashlib


class Draws:
    """What a seed fixes: one number for each label, by SHA-256 with rejection."""

    def __init__(self, seed: str) -> None:
        self.seed = seed

    def below(self, n: int, label: str) -> int:
        limit = 2**64 - 2**64 % n
        text, word = f"{self.seed}|{label}", limit
        while word >= limit:
            digest = hashlib.sha256(text.encode())
            word, text = int.from_bytes(digest.digest()[:8], "big"), digest.hexdigest()
        return word % n

    def permutation(self, n: int, label: str) -> list[int]:
        order = list(range(n))
        for last in range(n - 1, 0, -1):
            other = self.below(last + 1, f"{label}{last}|")
            order[last], order[other] = order[other], order[last]
        return order
