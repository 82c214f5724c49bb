# Triton with the models of all our algorithms. `worker` is the image of that name, which docker-bake.json hands in.
ARG TRITON=nvcr.io/nvidia/tritonserver:24.10-py3

# hadolint ignore=DL3006
FROM worker AS models
RUN watchdown models export /tmp/models

FROM ${TRITON}
COPY --from=models --chown=root:root /tmp/models /models
USER 65532:65532
EXPOSE 8000 8001 8002
CMD ["tritonserver", "--model-repository=/models"]
ARG TRITON
ARG VERSION=dev
ARG REVISION=unknown
LABEL org.opencontainers.image.title="watchdown triton" \
      org.opencontainers.image.description="NVIDIA's Triton with the models of watchdown's algorithms" \
      org.opencontainers.image.licenses="Apache-2.0 AND BSD-3-Clause AND LicenseRef-NVIDIA-Deep-Learning-Container" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${TRITON}"
