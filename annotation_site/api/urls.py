from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.routers import SimpleRouter

from annotation_site.api import (
    access,
    corpus,
    cycles,
    dataset,
    judge,
    judgments,
    mine,
    protocols,
    rescorings,
    snapshots,
    uploads,
)
from annotation_site.protocols.api import PracticeView

app_name = "api"

router = SimpleRouter()
router.register("paintings", corpus.PaintingViewSet)
router.register("tracks", corpus.TrackViewSet)
router.register("clips", corpus.ClipViewSet)
router.register("imports", corpus.ImportViewSet, basename="import")
router.register("uploads", uploads.UploadViewSet, basename="upload")
router.register("campaigns", judgments.CampaignViewSet)
router.register("pairs", judgments.PairViewSet)
router.register("ratings", judgments.RatingViewSet)
router.register("preference-tasks", judgments.TaskViewSet, basename="preference-task")
router.register("votes", judgments.VoteViewSet)
router.register("raters", judgments.RaterViewSet)
router.register("protocols", protocols.ProtocolViewSet)
router.register("snapshots", snapshots.SnapshotViewSet)
router.register("runs", dataset.RunViewSet, basename="run")
router.register("model-versions", dataset.VersionViewSet, basename="model-version")
router.register("rescorings", rescorings.RescoringViewSet)
router.register("proposals", rescorings.ProposalViewSet)
router.register("cycles", cycles.CycleViewSet)

urlpatterns = [
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="api:schema"), name="docs"),
    path("v1/token/", access.TokenView.as_view(), name="token"),
    path("v1/me/", access.MeView.as_view(), name="me"),
    path("v1/me/token/", access.OwnTokenView.as_view(), name="own-token"),
    path("v1/me/pause/", mine.PauseView.as_view(), name="pause"),
    path("v1/me/resume/", mine.ResumeView.as_view(), name="resume"),
    path("v1/me/withdraw/", mine.WithdrawView.as_view(), name="withdraw"),
    path("v1/me/data/", mine.DataView.as_view(), name="data"),
    path("v1/practice/answers/", PracticeView.as_view(), name="practice-answers"),
    path("v1/scoring/", include("annotation_site.scoring.api_urls")),
    path("v1/preferences/", include("annotation_site.preferences.api_urls")),
    path("judge/", judge.JudgeAlias.as_view(), name="judge-unversioned"),
    path("v1/judge/", judge.JudgeView.as_view(), name="judge"),
    path("v1/judge/<uuid:key>/", judge.JudgingView.as_view(), name="judging"),
    path("v1/imports/<int:pk>/issues.csv", corpus.import_issues_csv, name="import-issues-csv"),
    path("v1/snapshots/<int:pk>/download/", snapshots.ZipView.as_view(), name="snapshot-download"),
    path("v1/snapshots/<int:pk>/files/<path:name>", snapshots.FileView.as_view(), name="snapshot-file"),
    path("v1/", include(router.urls)),
]
