from django.urls import path

from annotation_site.scoring import api

app_name = "scoring"
urlpatterns = [
    path("leases/", api.LeasesView.as_view(), name="leases"),
    path("leases/<uuid:token>/renew/", api.RenewView.as_view(), name="renew"),
    path("leases/<uuid:token>/release/", api.ReleaseView.as_view(), name="release"),
    path("leases/<uuid:token>/skip/", api.SkipView.as_view(), name="skip"),
    path("ratings/", api.RatingsView.as_view(), name="ratings"),
    path("ratings/<uuid:rating>/correct/", api.CorrectionView.as_view(), name="correct"),
]
