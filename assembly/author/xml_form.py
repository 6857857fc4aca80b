"""The form for items whose XML no other form can write."""

from django import forms
from django.utils.translation import gettext_lazy as _

from assembly.qti import reading
from assembly.qti.errors import QtiError


class XmlForm(forms.Form):
    xml = forms.CharField(
        label=_("QTI"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 30, "spellcheck": "false", "class": "code"}),
    )

    def clean_xml(self) -> str:
        xml: str = self.cleaned_data["xml"]
        try:
            reading.read_item(xml.encode())
        except QtiError as error:
            raise forms.ValidationError(str(error)) from error
        return xml

    def source(self) -> bytes:
        xml: str = self.cleaned_data["xml"]
        return xml.replace("\r\n", "\n").encode()
