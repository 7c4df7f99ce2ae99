"""What the peers need beside Python packages, made anew in a folder for each run.

A certificate authority of its own for TLS, the client that openapi-python-client writes from the sandbox's page, and
undici where Node and npm are.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import trustme

from benchmarks.answers import PAGE_SIZE
from rehook_async.sandbox_openapi import document

_UNDICI = "undici@7"
"""The last major version for Node 20."""


def prepare(folder: Path) -> None:
    """Fill *folder*."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    (folder / "rehook.json").write_text(json.dumps(document(PAGE_SIZE)))
    (folder / "generator.json").write_text('{"post_hooks": []}')
    subprocess.run(
        [
            *(str(Path(sys.executable).with_name("openapi-python-client")), "generate", "--meta", "none"),
            *("--path", str(folder / "rehook.json"), "--config", str(folder / "generator.json")),
            *("--output-path", str(folder / "rehook_generated")),
        ],
        check=True,
        capture_output=True,
    )
    npm = shutil.which("npm")
    if npm is not None and shutil.which("node") is not None:
        command = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), _UNDICI]
        subprocess.run(command, check=False, capture_output=True)  # where npm reaches no registry, Node is left out


def undici_version(folder: Path) -> str | None:
    """Say which undici runs from *folder*, or None where there is no Node or one that is too old for it."""
    node = shutil.which("node")
    if node is None:
        return None
    asked = [node, "-e", "require('undici'); console.log(require('undici/package.json').version)"]
    return subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False).stdout.strip() or None


def trusting(folder: Path) -> dict[str, str]:
    """Give the environment in which Python and Node trust the authority."""
    authority = str(folder / "authority.pem")
    return {"SSL_CERT_FILE": authority, "NODE_EXTRA_CA_CERTS": authority}
