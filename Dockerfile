# Two images: `docker build --target cpu .` and `docker build --target gpu .`
ARG PYTHON=3.13

FROM python:${PYTHON}-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY cmean cmean
COPY migrations migrations
RUN --mount=type=cache,target=/root/.cache/pip \
    pip wheel --no-deps --wheel-dir /wheels .

FROM python:${PYTHON}-slim AS base
LABEL org.opencontainers.image.title="cmean" \
      org.opencontainers.image.description="Pair music and pictures by the emotions they evoke" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PYTHONUNBUFFERED=1 \
    CMEAN_WEIGHTS_DIR=/usr/local/share/cmean/weights \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore
# The number is fixed so that files on volumes keep their owner from image to image. The home is the
# one folder that can be written where the root file system is read-only.
RUN groupadd --gid 10001 cmean \
    && useradd --no-log-init --uid 10001 --gid cmean --no-create-home --home-dir /tmp cmean \
    && install --directory --owner=cmean --group=cmean /data
WORKDIR /data
STOPSIGNAL SIGTERM

FROM base AS cpu
# Extras of cmean, with commas: --build-arg EXTRAS=parquet
ARG EXTRAS=
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install "$(echo /wheels/*.whl)${EXTRAS:+[${EXTRAS}]}"
# The small learned models, for the default profile; who runs the image only reads them.
RUN --mount=type=cache,target=/root/.cache/pip \
    cmean setup
USER 10001:10001
CMD ["cmean", "--help"]

FROM base AS gpu
# The wheels of torch bring CUDA; the host needs only its driver. Before cmean, since it is large and
# seldom changes.
ARG TORCH="torch>=2.13,<2.16"
RUN --mount=type=cache,target=/root/.cache/pip \
    pip install "${TORCH}"
ARG EXTRAS=
RUN --mount=type=cache,target=/root/.cache/pip \
    --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install "$(echo /wheels/*.whl)${EXTRAS:+[${EXTRAS}]}" \
    && install --directory --owner=cmean --group=cmean /models
# The small learned models, for the default profile; who runs the image only reads them.
RUN --mount=type=cache,target=/root/.cache/pip \
    cmean setup
# A new volume mounted here takes over the folder's owner.
ENV HF_HOME=/models
USER 10001:10001
CMD ["cmean", "--help"]
