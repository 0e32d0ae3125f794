import { context, propagation, trace } from '@opentelemetry/api'

/**
 * Begins to send traces to an OpenTelemetry collector (OTLP over HTTP, as JSON). The packages for it are loaded only
 * here. Headers, timeout and TLS follow OpenTelemetry's own variables, which they read from the environment.
 *
 * @param url of the collector's traces, e.g. http://localhost:4318/v1/traces
 * @returns sends what is left and ends it
 */
export async function exportTraces(url: string, version: string): Promise<() => Promise<void>> {
  const [{ AsyncLocalStorageContextManager }, { W3CTraceContextPropagator }, resources, sdk, otlp] =
    await Promise.all([
      import('@opentelemetry/context-async-hooks'),
      import('@opentelemetry/core'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-http'),
    ])
  const service = resources.resourceFromAttributes({
    'service.name': 'label-studio-monitor',
    'service.version': version,
  })
  // What the environment says of the service (OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES) comes last and wins.
  const resource = resources
    .defaultResource()
    .merge(service)
    .merge(resources.detectResources({ detectors: [resources.envDetector] }))
  const exporter = new otlp.OTLPTraceExporter({ url })
  const provider = new sdk.TracerProvider({
    resource,
    spanProcessors: [new sdk.BatchSpanProcessor({ exporter })],
  })
  trace.setGlobalTracerProvider(provider)
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  return async () => {
    for (const part of [trace, context, propagation]) part.disable()
    // A collector that is away must not keep the service from ending.
    await provider.shutdown().catch(() => {})
  }
}
