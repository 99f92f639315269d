/** HTTPS for custom domains: which certificate a connection gets is told by the name it asks for (SNI). */
import type { Server } from 'node:http';
import { createServer } from 'node:https';
import type { SecureContext } from 'node:tls';

/** Certificate and key for a host name in lower case; `undefined` where there are none. */
export type Certificates = (serverName: string) => SecureContext | undefined;

export function createSecureServer(certificates: Certificates): Server {
  return createServer({
    minVersion: 'TLSv1.2',
    SNICallback(serverName, done) {
      const context = certificates(serverName.toLowerCase());
      if (context) done(null, context);
      else done(new Error(`no custom domain '${serverName}' is served by HTTPS`));
    },
  });
}
