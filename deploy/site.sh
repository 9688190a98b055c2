#!/bin/sh
# The site on a server: tables first, then hashed static files, then gunicorn. Runs in the image of deploy/Dockerfile.
set -eu
python manage.py migrate --noinput
python manage.py collectstatic --noinput -v 0
exec gunicorn annotation_site.wsgi --bind 0.0.0.0:8000 --workers "${WEB_WORKERS:-4}" --threads 4 --timeout 120 --access-logfile -
