"""The admin's pages of delivery: sittings, people, and what came of their sessions."""

from delivery.admin import people, records, sittings

__all__ = ["people", "records", "sittings"]
