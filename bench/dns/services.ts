/** The Services that the DNS bench asks for. */
export const serviceCount = 10_000;

export const addressOf = (index: number): string => `10.96.${index >> 8}.${index & 0xff}`;
