# Shared by the scripts beside it; sourced, never run.
# shellcheck shell=bash

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' dim='' red='' green='' plain=''
fi

# step TEXT: what happens next, with the time since the script began.
step() { printf '\n%s==> [%d:%02d] %s%s\n' "$bold" $((SECONDS / 60)) $((SECONDS % 60)) "$*" "$plain"; }

note() { printf '%s    %s%s\n' "$dim" "$*" "$plain"; }

# fail TEXT: what happened and what to do; ends the script.
fail() {
    printf '%s%s: %s%s\n' "$red" "$(basename "$0")" "$*" "$plain" >&2
    exit 1
}

# The example's command line, built by build_orders: demo and acceptance tests share one release build.
orders_package=Examples/orders
orders_command=$orders_package/.build/release/orders

build_orders() {
    # Makes SwiftPM look again: it does not notice files that are gone from a package it depends on by path.
    touch "$orders_package/Package.swift"
    swift build -c release --package-path "$orders_package" --product orders
    [ -x "$orders_command" ] || fail "the build succeeded, but there is no $orders_command"
}

# What others have made and tests and benchmarks run, from PyPI: pinned, and in folders of the project's own.

install_test_clients() {
    install_python .build/venv \
        'awslambdaric==4.2.2 awscli==1.45.11 boto3==1.43.11 jsonschema==4.23.0 PyYAML==6.0.2'
    install_query_model
}

# The last model of SQS that spoke the Query protocol, for the same SDK.
install_query_model() {
    local models=.build/venv-models
    [ ! -f $models/sqs/2012-11-05/service-2.json ] || return 0
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest $models/wheel 'botocore==1.31.80'
    python3 - $models <<'PYTHON'
import glob, gzip, json, pathlib, sys, zipfile
models = pathlib.Path(sys.argv[1])
with zipfile.ZipFile(glob.glob(f"{models}/wheel/botocore-*.whl")[0]) as wheel:
    name = next(n for n in wheel.namelist() if "data/sqs/2012-11-05/service-2.json" in n)
    model = wheel.read(name)
model = gzip.decompress(model) if name.endswith(".gz") else model
assert json.loads(model)["metadata"]["protocol"] == "query"
folder = models / "sqs" / "2012-11-05"
folder.mkdir(parents=True, exist_ok=True)
(folder / "service-2.json").write_bytes(model)
PYTHON
    rm -rf $models/wheel
}
install_bench_clients() {
    install_python Benchmarks/.build/venv 'awslambdaric==4.2.2 celery[redis]==5.5.3 psycopg[binary]==3.3.9'
}

# Programs and headers that the benchmark of queues needs, those that are not there.
missing_for_queues() {
    local program header
    for program in nats-server /usr/lib/rabbitmq/bin/rabbitmq-server epmd redis-server nginx openssl; do
        PATH=$PATH:/usr/sbin command -v $program >/dev/null || printf ' %s' $program
    done
    for header in amqp.h openssl/ssl.h; do
        printf '#include <%s>\n' $header | cc -E - >/dev/null 2>&1 || printf ' %s' $header
    done
}

build_queue_loads() {
    mkdir -p Benchmarks/.build
    build_queue_load sqsload -lssl -lcrypto
    build_queue_load stub -lssl
    build_queue_load natsload
    build_queue_load redisload
    build_queue_load amqpload -lrabbitmq
}

build_queue_load() { cc -O2 -D_GNU_SOURCE -pthread -o "Benchmarks/.build/$1" "Benchmarks/queues/$1.c" "${@:2}"; }

# LocalStack needs Python 3.13 and MiniStack 3.12; one whose Python is not there is not measured, and the benchmark says so.
install_emulators() {
    # The last four are what 4.14.0 runs with; it does not pin them.
    python=python3.13 install_python Benchmarks/.build/venv-localstack \
        'localstack-core[runtime]==4.14.0 cbor2<6 service_identity==24.2.0 pyopenssl<25.2 cryptography<46' || true
    python=python3.12 install_python Benchmarks/.build/venv-ministack 'ministack==1.5.33' || true
}

# install_python FOLDER PACKAGES: a virtual environment with exactly these, of python3 or of $python.
install_python() {
    if [ "$(cat "$1/packages" 2>/dev/null || true)" = "$2" ]; then return; fi
    if ! "${python:-python3}" -c '' 2>/dev/null; then
        note "there is no ${python:-python3} for $1"
        return 1
    fi
    # Not left to `set -e`, which counts for nothing where the caller goes on without it.
    "${python:-python3}" -m venv --clear "$1" || return 1
    # shellcheck disable=SC2086  # a list of words
    "$1/bin/pip" install --quiet --disable-pip-version-check $2 || return 1
    printf '%s\n' "$2" > "$1/packages"
}
