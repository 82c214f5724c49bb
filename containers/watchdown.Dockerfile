# The images whose program is `watchdown`; which of them this becomes, the lock says. docker-bake.json lists them.
ARG PYTHON=docker.io/library/python:3.12-slim-trixie

FROM ${PYTHON} AS build
ENV UV_CACHE_DIR=/var/cache/uv \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /build
COPY requirements/uv.txt requirements/build.txt requirements/
RUN python -m venv /opt/uv \
 && /opt/uv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements/uv.txt
ENV PATH=$PATH:/opt/uv/bin

FROM build AS wheel
COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY algos algos
COPY operators operators
COPY src src
RUN uv build --wheel --out-dir /wheel --require-hashes --build-constraints requirements/build.txt

FROM build AS environment
ARG LOCK=worker
COPY requirements/${LOCK}.txt requirements/
RUN --mount=type=cache,target=/var/cache/uv \
    uv venv /opt/watchdown \
 && uv pip install --python /opt/watchdown --no-deps --compile-bytecode \
    --require-hashes --build-constraints requirements/build.txt -r "requirements/${LOCK}.txt"
COPY --from=wheel /wheel /wheel
RUN uv pip install --python /opt/watchdown --no-deps --compile-bytecode --no-index /wheel/*.whl

FROM ${PYTHON}
# What a number alone lacks: a name and a home that can be written to. Nothing is installed here any more.
RUN useradd --uid 65532 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin watchdown \
 && install --directory --owner=65532 --group=65532 /work \
 && python -m pip uninstall --yes pip
COPY --from=environment /opt/watchdown /opt/watchdown
ENV PATH=/opt/watchdown/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    ORT_DISABLE_TELEMETRY=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WATCHDOWN_LIBRARY=env:
USER 65532:65532
WORKDIR /work
CMD ["watchdown", "--help"]
ARG PYTHON
ARG LOCK=worker
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="watchdown ${LOCK}" \
      org.opencontainers.image.description="The watchdown command with requirements/${LOCK}.txt" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${PYTHON}"
