from django.urls import path

from annotation_site.protocols import welcome

urlpatterns = [
    path("consent/", welcome.consent, name="consent"),
    path("background/", welcome.background, name="background"),
    path("briefing/", welcome.briefing, name="briefing"),
    path("examples/", welcome.examples, name="examples"),
    path("practice/", welcome.practice, name="practice"),
    path("practice/result/", welcome.practice_over, name="practice-result"),
]
