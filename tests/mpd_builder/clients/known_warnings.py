"""What the clients themselves warn about, by message: everything else stays an error."""

import pytest

MLCROISSANT = [
    pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning:rdflib"),
    pytest.mark.filterwarnings("ignore:Dataset.default_context is deprecated:DeprecationWarning:rdflib"),
    pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame.reset_index is deprecated"),
]
WEBDATASET = [  # it leaves it to the collector to close the tar files
    pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <_io.FileIO:pytest.PytestUnraisableExceptionWarning"),
]
