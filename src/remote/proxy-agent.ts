import type { Dispatcher as AnyDispatcher } from 'undici';
import connect from 'undici/lib/api/api-connect.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import EnvHttpProxyAgent from 'undici/lib/dispatcher/env-http-proxy-agent.js';

/** Connections through the proxies that the environment names. */
export function makeProxyAgent(options: object): AnyDispatcher {
  // How a tunnel is asked for. undici's index adds it to all dispatchers, and is not loaded here.
  Object.assign(Dispatcher.prototype, { connect });
  return new EnvHttpProxyAgent(options);
}
