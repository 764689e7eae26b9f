import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { FastifyInstance } from 'fastify';
import { instrument } from 'threadmill/opentelemetry';

/** What Prometheus collects: jobs by state, what happened to them, run and waiting times, threads. */
export async function metrics(server: FastifyInstance): Promise<void> {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const instrumented = instrument(server.queue, { meterProvider, tracerProvider: false });
  server.get('/metrics', async (_request, reply) => {
    const { resourceMetrics } = await reader.collect();
    return reply.type('text/plain; version=0.0.4').send(new PrometheusSerializer().serialize(resourceMetrics));
  });
  server.addHook('onClose', async () => {
    instrumented[Symbol.dispose]();
    await meterProvider.shutdown();
  });
}
