"""A picture that an editor uploads into the form of a briefing."""

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from digest import photographs
from digest.desk.briefing_form import BriefingForm
from digest.errors import Refused


def take(form: BriefingForm, given: "UploadedFile[bytes]") -> bool:
    """Put the picture's address into the form; False, with the reason at its field, if refused."""
    name = f"“{(given.name or 'The file')[:60]}”"
    try:
        # One byte more than may be: the rest of what is too big is not even read.
        picture = photographs.kept(given.read(photographs.WEIGHT + 1), name)
    except Refused as problem:
        form.errors["picture"] = str(problem)
        return False
    form.texts["image_url"] = settings.BASE_URL + picture.get_absolute_url()
    return True
