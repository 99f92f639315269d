/** Asks a gRPC server for its health (grpc.health.v1) over bare HTTP/2: the SDK's client would cost the supervisor 40 MB. */
import { connect } from 'node:http2';

const SERVICE = 'temporal.api.workflowservice.v1.WorkflowService';
/** HealthCheckResponse{status: SERVING}, in protobuf: field 1, varint 1. */
const SERVING = Buffer.from([0x08, 0x01]);
const LIMIT_MS = 2_000;

/** True when the Temporal frontend at `address` (`host:port`) serves. Never throws. */
export function isTemporalServing(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const session = connect(`http://${address}`);
    const finish = (serving: boolean) => {
      clearTimeout(timer);
      session.destroy();
      resolve(serving);
    };
    const timer = setTimeout(() => finish(false), LIMIT_MS);
    session.on('error', () => finish(false));
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    stream.on('error', () => finish(false));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => finish(Buffer.concat(chunks).subarray(5).equals(SERVING)));
    stream.end(frame(SERVICE));
  });
}

/** HealthCheckRequest{service}: a length-prefixed gRPC message with field 1 as a string. */
function frame(service: string): Buffer {
  const name = Buffer.from(service);
  const message = Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
