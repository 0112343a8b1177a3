"""The editors' pages: briefings written, drafts arranged, previewed and approved."""
