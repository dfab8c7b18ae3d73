/**
 * Ports below 1024 need a privilege on most machines. A cluster in 127.0.0.0/8 that does not have it uses ports that are
 * so much higher in their place, for its pods and its Services alike.
 */

const lowPortsEnd = 1_024;

const lowPortShift = 10_000;

/** Where a port is really listened on: 80 is 80, or 10080. */
export function realPort(port: number, options: { readonly lowPorts: boolean }): number {
  return options.lowPorts || port >= lowPortsEnd ? port : port + lowPortShift;
}
