"""A browser's window onto the site, and what a page did there that it should not."""

from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Dialog, Page, Request, Route


@dataclass
class Seen:
    """What a page did that it should not."""

    dialogs: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@dataclass
class Window:
    """A browser's window onto the site."""

    page: Page
    site: str
    client: Client
    user: User
    seen: Seen

    def open(self, path: str, width: int = 1200, look: str = "light") -> None:
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme=look)  # type: ignore[arg-type]  # light or dark
        self.page.goto(self.site + path)

    def dismiss(self, dialog: Dialog) -> None:
        self.seen.dialogs.append(dialog.message)
        dialog.dismiss()

    def shut_out(self, route: Route, request: Request) -> None:
        """Let nothing but the site itself be reached, and write down what was asked for."""
        if request.url.startswith(f"{self.site}/"):
            route.continue_()
        else:
            self.seen.elsewhere.append(request.url)
            route.abort()
