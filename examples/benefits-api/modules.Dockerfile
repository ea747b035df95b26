# The dependencies by npm, for a machine with a public registry; see the README.
ARG NODE=node:24.21.0-slim
FROM ${NODE} AS npm
COPY package.json package-lock.json /
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM scratch
COPY --from=npm /node_modules /node_modules
