"""The core's adapter to the cloud, through the real SDK, against a local cloud in the test's process."""

from localcloud.pytest_plugin import localcloud, localcloud_stage, pytest_configure

__all__ = ["localcloud", "localcloud_stage", "pytest_configure"]
