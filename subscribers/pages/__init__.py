"""The pages: readers' own, and the staff's about readers (``people`` and those around it)."""
