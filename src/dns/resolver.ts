/** Every question's whole way: the zone, the names that an ExternalName leads to, the other servers. */
import { aliasMessage, followUpQuery, forwardedMessage } from './forwarded-message.ts';
import type { Forwarder } from './forwarder.ts';
import { aliasesMax, messageBytesMax } from './limits.ts';
import { aliasRecord, plainAnswers } from './plain-records.ts';
import { type Responder, roomFor } from './responder.ts';
import { parseQuestion, type Question, responseCodes, type WireName, wireName } from './wire.ts';

export interface ResolverOptions {
  readonly responder: Responder;
  readonly forwarder: Forwarder;
  /** How long an alias may be kept. */
  readonly seconds: number;
}

export interface Reply {
  readonly message: Buffer;
  readonly code: number;
}

export class Resolver {
  readonly #options: ResolverOptions;

  constructor(options: ResolverOptions) {
    this.#options = options;
  }

  /** At once for the cluster's own names; undefined when there is nothing to be said. */
  reply(query: Buffer, overTcp: boolean): Reply | undefined | Promise<Reply | undefined> {
    const outcome = this.#options.responder.respond(query, { overTcp });
    switch (outcome.type) {
      case 'answer':
        return outcome;
      case 'silence':
        return undefined;
      case 'forward':
        return this.#forward(query, outcome.question, overTcp);
      case 'alias':
        return this.#followAlias(query, outcome, overTcp);
    }
  }

  async #forward(query: Buffer, question: Question, overTcp: boolean): Promise<Reply | undefined> {
    const { forwarder } = this.#options;
    if (forwarder.notice(question)) return undefined;
    // Nobody else to be asked: then the cluster's names are all the names there are.
    if (forwarder.upstreams.length === 0) return this.#failure(query, question, responseCodes.NXDOMAIN);
    // A client that asks for no recursion wants to know what we know ourselves.
    if (!question.recursionDesired) return this.#failure(query, question, responseCodes.REFUSED);
    const forwarded = await forwarder.resolve(wantedOf(query, question));
    if (forwarded === undefined) return this.#failure(query, question, responseCodes.SERVFAIL);
    const message = forwardedMessage(query, question, { forwarded, room: roomFor(question, overTcp) });
    return { message, code: forwarded.answer.code };
  }

  #failure(query: Buffer, question: Question, code: number): Reply | undefined {
    const outcome = this.#options.responder.failure(query, question, code);
    return outcome.type === 'answer' ? outcome : undefined;
  }

  async #followAlias(
    query: Buffer,
    { question, target }: { question: Question; target: string },
    overTcp: boolean,
  ): Promise<Reply> {
    const answers: Buffer[] = [];
    let [owner, next] = [question.name, wireName(target)];
    // A label of more than 63 letters is allowed by the API, but nothing that DNS can say.
    let code: number = next === undefined ? responseCodes.SERVFAIL : responseCodes.NOERROR;
    for (let followed = 1; next !== undefined; followed++) {
      answers.push(aliasRecord(owner, next, this.#options.seconds));
      if (followed > aliasesMax) {
        code = responseCodes.SERVFAIL;
        break;
      }
      const step = await this.#lookUp(query, question, next);
      answers.push(...step.answers);
      code = step.code;
      [owner, next] = [next, step.target === undefined ? undefined : wireName(step.target)];
    }
    return {
      message: aliasMessage(query, question, { answers, room: roomFor(question, overTcp), code }),
      code,
    };
  }

  /** One name on an alias' way: its records, or a further alias of ours. */
  async #lookUp(
    query: Buffer,
    { type }: Question,
    name: WireName,
  ): Promise<{ answers: Buffer[]; code: number; target?: string }> {
    const { responder, forwarder } = this.#options;
    const followUp = followUpQuery(name, type);
    const outcome = responder.respond(followUp, { overTcp: true });
    const start = followUp.length;
    if (outcome.type === 'answer') return found(outcome, type, start);
    if (outcome.type === 'alias') return { answers: [], code: responseCodes.NOERROR, target: outcome.target };
    // The alias itself is true, whether somebody knows its target or not.
    if (outcome.type === 'silence' || forwarder.upstreams.length === 0)
      return { answers: [], code: responseCodes.NOERROR };
    const forwarded = await forwarder.resolve({ ...wantedOf(query, outcome.question), dnssec: false });
    if (forwarded === undefined) return { answers: [], code: responseCodes.SERVFAIL };
    const asked = parseQuestion(followUp) as Question;
    const message = forwardedMessage(followUp, asked, { forwarded, room: messageBytesMax });
    return found({ message, code: forwarded.answer.code }, type, start);
  }
}

function found({ message, code }: Reply, type: number, start: number): { answers: Buffer[]; code: number } {
  const answers = plainAnswers(message, type, start);
  return answers === undefined ? { answers: [], code: responseCodes.SERVFAIL } : { answers, code };
}

function wantedOf(query: Buffer, { name, type, edns }: Question) {
  return { name, type, dnssec: edns?.dnssec ?? false, checkingDisabled: (query[3]! & 0x10) !== 0 };
}
