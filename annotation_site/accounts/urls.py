from django.urls import path

from annotation_site.accounts import views
from annotation_site.accounts.join import join

urlpatterns = [
    path("", views.home, name="home"),
    path("welcome/consent/", views.consent, name="consent"),
    path("welcome/briefing/", views.briefing, name="briefing"),
    path("join/<str:token>/", join, name="join"),
]
