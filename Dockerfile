# One image for web, workers, schedule and migrations; docker-compose.yml says which is which.

FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements/run.txt /tmp/run.txt
RUN /opt/venv/bin/pip install --require-hashes -r /tmp/run.txt
WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY config config
COPY digest digest
COPY subscribers subscribers
COPY workers workers
COPY templates templates
# Editable, because templates/ stands beside the packages and would be missing from a wheel.
RUN /opt/venv/bin/pip install --no-deps --editable . \
    && /opt/venv/bin/python -m compileall -q /app

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home digest \
    && install -d -o digest -g digest /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=config.settings \
    DATA_DIR=/data
USER digest
WORKDIR /app
VOLUME /data
EXPOSE 8000
# Asked under a name that ALLOWED_HOSTS lets in, whatever it is set to.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", "\
import os, urllib.request as web; \
host = os.environ.get('ALLOWED_HOSTS', '').split(',')[0].strip(' .*') or 'localhost'; \
web.urlopen(web.Request('http://127.0.0.1:8000/healthz', headers={'Host': host}), timeout=4)"]
CMD ["gunicorn", "config.wsgi", "--bind=0.0.0.0:8000", "--worker-class=gthread", "--threads=8", \
     "--logger-class=digest.weblog.Logger", "--no-control-socket"]
