"""The keys of a cluster: an authority of its own, and a certificate for each who asks or answers."""

from __future__ import annotations

import base64
import datetime as dt
import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.service import HOST

SERVICE = "10.96.0.1"  # the first address of the range of services
VALID = dt.timedelta(days=3650)
AUTHORITY, ACCOUNTS = "authority", "accounts"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a certificate speaks for: a user of Kubernetes with a group, who may also answer under names."""

    user: str
    group: str = ""
    names: tuple[str, ...] = ()


HOLDERS = {
    "server": Holder("kube-apiserver", names=(HOST, SERVICE, "localhost", "kubernetes.default.svc")),
    "admin": Holder("admin", "system:masters"),
    "controllers": Holder("system:kube-controller-manager"),
    "scheduler": Holder("system:kube-scheduler"),
    "process-0": Holder("system:node:process-0", "system:nodes", (HOST,)),
}


def make(folder: Path) -> None:
    """Write keys and certificates of all holders, and the key that signs tokens of service accounts."""
    folder.chmod(0o700)
    authority = ec.generate_private_key(ec.SECP256R1())
    named = _name(Holder("watchdown-tests"))
    builder = _builder(named, named, authority).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    _write(folder, AUTHORITY, authority, builder.sign(authority, hashes.SHA256()))
    _write(folder, ACCOUNTS, ec.generate_private_key(ec.SECP256R1()))
    both = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    for name, holder in HOLDERS.items():
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(holder), named, key).add_extension(both, critical=False)
        if holder.names:
            known = x509.SubjectAlternativeName([_general(each) for each in holder.names])
            builder = builder.add_extension(known, critical=False)
        _write(folder, name, key, builder.sign(authority, hashes.SHA256()))


def kubeconfig(folder: Path, holder: str, url: str, context: str) -> str:
    """Return what a client of the cluster reads, with nothing beside it; JSON is YAML."""

    def data(file: str) -> str:
        return base64.b64encode((folder / file).read_bytes()).decode()

    cluster = {"server": url, "certificate-authority-data": data(f"{AUTHORITY}.crt")}
    user = {
        "client-certificate-data": data(f"{holder}.crt"),
        "client-key-data": data(f"{holder}.key"),
    }
    said = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": context, "cluster": cluster}],
        "users": [{"name": holder, "user": user}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": holder}}],
        "current-context": context,
    }
    return json.dumps(said, indent=2) + "\n"


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + VALID)
    )


def _name(holder: Holder) -> x509.Name:
    user = x509.NameAttribute(NameOID.COMMON_NAME, holder.user)
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, holder.group)] if holder.group else []
    return x509.Name([*groups, user])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _write(
    folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate | None = None
) -> None:
    file = folder / f"{name}.key"
    file.touch(0o600)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    if certificate is not None:
        (folder / f"{name}.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
