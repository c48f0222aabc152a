"""Real modules and programs, carried with what a select promises, before a real go.

Asks the public module proxy and checksum database (or GOSYNC_TEST_PROXY) for some
gigabytes in all; ``-k NAME`` takes one. A consumer of everything and some of one to
three packages run the steps from the tree alone, and of each module it is told how
many zips are carried where tidying the first consumer takes how many.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from gosync.sumdb.names import GOLANG_SUMDB
from tests.go.golangs import NEWEST, need_go
from tests.go.served import Served
from tests.integration.site import OK, Site
from tests.simulator.goclient import GoClient

pytestmark = [pytest.mark.network, pytest.mark.go, pytest.mark.slow]

PROXY = os.environ.get("GOSYNC_TEST_PROXY", "https://proxy.golang.org")
MODULES = (
    "cloud.google.com/go/storage@v1.56.1",
    "cuelang.org/go@v0.14.1",
    "entgo.io/ent@v0.14.5",
    "fyne.io/fyne/v2@v2.6.3",
    "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob@v1.6.2",
    "github.com/IBM/sarama@v1.61.1",
    "github.com/aws/aws-sdk-go-v2/config@v1.31.0",
    "github.com/davecgh/go-spew@v1.1.1",
    "github.com/dgrijalva/jwt-go@v3.2.0+incompatible",
    "github.com/gin-gonic/gin@v1.11.0",
    "github.com/go-chi/chi/v5@v5.2.3",
    "github.com/go-git/go-git/v5@v5.16.2",
    "github.com/go-kit/kit@v0.13.0",
    "github.com/gofiber/fiber/v2@v2.52.15",
    "github.com/golang/mock@v1.6.0",
    "github.com/gorilla/websocket@v1.5.3",
    "github.com/hashicorp/consul/api@v1.32.1",
    "github.com/hashicorp/terraform-plugin-sdk/v2@v2.40.1",
    "github.com/jackc/pgx/v5@v5.7.6",
    "github.com/jmoiron/sqlx@v1.4.0",
    "github.com/labstack/echo/v4@v4.13.4",
    "github.com/mattn/go-sqlite3@v1.14.32",
    "github.com/minio/minio-go/v7@v7.4.1",
    "github.com/nats-io/nats-server/v2@v2.15.3",
    "github.com/nats-io/nats.go@v1.46.0",
    "github.com/onsi/ginkgo/v2@v2.34.0",
    "github.com/prometheus/client_golang@v1.23.2",
    "github.com/prometheus/prometheus@v0.305.0",
    "github.com/redis/go-redis/v9@v9.23.0",
    "github.com/rs/zerolog@v1.34.0",
    "github.com/satori/go.uuid@v1.2.0",
    "github.com/sirupsen/logrus@v1.10.2",
    "github.com/spf13/cobra@v1.10.2",
    "github.com/spf13/viper@v1.21.0",
    "github.com/stretchr/testify@v1.11.1",
    "github.com/swaggo/swag@v1.16.6",
    "github.com/urfave/cli/v2@v2.27.7",
    "go.etcd.io/etcd/client/v3@v3.7.3",
    "go.opentelemetry.io/otel/sdk@v1.47.0",
    "go.uber.org/mock@v0.6.0",
    "golang.org/x/net@v0.44.0",
    "gonum.org/v1/gonum@v0.16.0",
    "google.golang.org/grpc@v1.85.0",
    "google.golang.org/protobuf@v1.36.9",
    "gorm.io/driver/postgres@v1.6.0",
    "k8s.io/api@v0.34.1",
    "k8s.io/apimachinery@v0.34.1",
    "k8s.io/client-go@v0.34.1",
    "sigs.k8s.io/controller-runtime@v0.22.1",
)
TOOLS = (
    "golang.org/x/tools/gopls@latest",
    "honnef.co/go/tools/cmd/staticcheck@latest",
    "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.5.0",
    "golang.org/x/vuln/cmd/govulncheck@latest",
    "github.com/go-delve/delve/cmd/dlv@v1.25.2",
)
STEPS = ("mod tidy", "list -deps ./...", "list -m all", "list -deps -test all")
# The most zips that are carried for one that tidying takes, and 4 more for small ones.
MOST = 2.5


def carry(folder: Path, select: dict[str, object]) -> Site:
    """Return a site with a select, synced; nothing is open in a second pass."""
    upstream = {
        "proxies": PROXY,
        "sumdb": f"{GOLANG_SUMDB} {PROXY}/sumdb/{GOLANG_SUMDB}",
    }
    site = Site(folder, upstream=upstream)
    site.declare(select=[select], publish={"tree": "public", "upper_tiles": False})
    first = site.sync().document["selection"]
    again = site.sync(expect=OK).document["selection"]
    assert (again["zips"], again["selected"]) == (first["zips"], first["selected"])
    return site


def module_in(folder: Path, packages: list[str]) -> Path:
    """Return the folder of a new module that imports these."""
    folder.mkdir()
    (folder / "go.mod").write_text("module consumer.example/c\n\ngo 1.21\n")
    lines = "".join(f'import _ "{each}"\n' for each in packages)
    (folder / "c.go").write_text(f"package c\n\n{lines}")
    return folder


def importable(client: GoClient, name: str, folder: Path) -> list[str]:
    """Return the packages of a module that another can import.

    Not those that have tests alone: ``go mod tidy`` takes an import of one, and looks
    up what the tests import, but whoever has such an import builds nothing.
    """
    client.run("get", name, cwd=module_in(folder, []))
    path = name.partition("@")[0]
    form = "{{if or .GoFiles .CgoFiles}}{{.Name}} {{.ImportPath}}{{end}}"
    told = client.run("list", "-e", "-f", form, f"{path}/...", cwd=folder)
    pairs = (line.split() for line in told.splitlines())
    found = [p[1] for p in pairs if len(p) == 2 and p[0] != "main"]
    return [each for each in found if "internal" not in each.split("/")]


def consumers(packages: list[str], name: str) -> Iterator[list[str]]:
    """Yield what consumers import: all of it, and some of it."""
    yield packages
    chance = random.Random(name)
    for count in (1, 1, 2, 3):
        yield chance.sample(packages, min(count, len(packages)))


@pytest.mark.parametrize("name", MODULES)
def test_consumers_of_a_real_module_find_all_inside(name: str, tmp_path: Path) -> None:
    site = carry(tmp_path / "site", {"modules": [name], "deps": "build"})
    taken = 0
    with Served(site.tree, GOLANG_SUMDB, tmp_path / "go", transport="file") as served:
        # Without cgo a package that has no other files (OpenGL's) fails each step.
        client = served.client("one", need_go(NEWEST), CGO_ENABLED="1")
        packages = importable(client, name, client.work / "names")
        for number, imports in enumerate(consumers(packages, name)):
            folder = module_in(client.work / str(number), imports)
            client.run("get", name, cwd=folder)
            for step in STEPS:
                client.run(*step.split(), cwd=folder)
            if number == 0:
                client.clean()
                client.run("get", name, cwd=folder)
                client.run("mod", "tidy", cwd=folder)
                cache = client.modcache / "cache" / "download"
                taken = len(list(cache.rglob("@v/*.zip")))
    carried = len(site.carried())
    print(f"{name}: {carried} zips carried, tidy takes {taken}")
    assert taken <= carried <= MOST * taken + 4


@pytest.mark.parametrize("tool", TOOLS)
def test_a_real_program_is_installed_from_the_tree_alone(
    tool: str, tmp_path: Path
) -> None:
    site = carry(tmp_path / "site", {"tools": [tool]})
    with Served(site.tree, GOLANG_SUMDB, tmp_path / "go", transport="file") as served:
        client = served.client("one", need_go(NEWEST))
        client.run("install", "-n", tool)  # all but compiling
