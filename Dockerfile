# A node. The build stage follows the steps of a checkout: `make setup` and `make build`.
#   docker build -t qdrant-node .
#   docker build --build-arg BASE_IMAGE=registry.example/node:22-bookworm --build-arg RUNTIME_IMAGE=registry.example/node:22-bookworm-slim .
# Both images must bring the same line of Node.js on Debian 12.
ARG BASE_IMAGE=node:22-bookworm
ARG RUNTIME_IMAGE=node:22-bookworm-slim

FROM ${BASE_IMAGE} AS build
ENV CI=true
WORKDIR /source
COPY . .
RUN make setup && make build && sh scripts/assemble-node.sh /assembled

FROM ${RUNTIME_IMAGE}
RUN apt-get update \
  && apt-get install --yes --no-install-recommends librocksdb7.8 libopenblas0 libgomp1 \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /assembled /qdrant
# The node writes into these two only; the image's own user 1000 is called node.
RUN chown -R 1000:1000 /qdrant/storage /qdrant/snapshots
WORKDIR /qdrant
USER 1000:1000
EXPOSE 6333 6334 6335
VOLUME ["/qdrant/storage", "/qdrant/snapshots"]
ENTRYPOINT ["/qdrant/qdrant"]
