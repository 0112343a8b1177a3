from django.apps import AppConfig


class DigestConfig(AppConfig):
    name = "digest"

    def ready(self) -> None:
        """Whatever process this is, its lines are the program's."""
        from digest.logs import set_up

        set_up()
