"""Requests signed for a domain of Amazon's, with the credentials that every AWS client finds (SigV4)."""

from __future__ import annotations

from typing import Any

from opensearchpy import Urllib3AWSV4SignerAuth

from watchdown_schemas.errors import StoreDenied


def signer(region: str, service: str) -> Any:
    """Return what signs requests; StoreDenied where no credentials are found."""
    import botocore.session

    credentials = botocore.session.get_session().get_credentials()
    if credentials is None:
        remedy = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role"
        raise StoreDenied(f"OpenSearch in {region}", "no AWS credentials are found", remedy)
    return Urllib3AWSV4SignerAuth(credentials, region, service)
