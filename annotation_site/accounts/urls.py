from django.urls import path

from annotation_site.accounts import views
from annotation_site.accounts.join import join

urlpatterns = [
    path("", views.home, name="home"),
    path("join/<str:token>/", join, name="join"),
]
