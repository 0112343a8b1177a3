"""The web application, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from digest.database import refuse_another_key  # noqa: E402  # needs the settings

refuse_another_key()
