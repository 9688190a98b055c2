from django.urls import path

from annotation_site.accounts import views
from annotation_site.accounts.join import join
from annotation_site.accounts.mine import views as own

urlpatterns = [
    path("", views.home, name="home"),
    path("me/", own.mine, name="mine"),
    path("me/pause/", own.pause, name="mine-pause"),
    path("me/resume/", own.resume, name="mine-resume"),
    path("me/withdraw/", own.withdraw, name="mine-withdraw"),
    path("me/data/", own.data, name="mine-data"),
    path("join/<str:token>/", join, name="join"),
]
