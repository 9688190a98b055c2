from django.urls import path

from annotation_site.scoring import views

app_name = "scoring"
urlpatterns = [path("<slug:slug>/", views.page, name="page")]
