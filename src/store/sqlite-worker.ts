/** The thread that owns the database: SQLite's calls block, and a flush to disk takes as long as the disk likes. */
import { parentPort, workerData } from 'node:worker_threads';
import { SqliteLog } from './sqlite-log.ts';
import {
  packOutcome,
  packRows,
  unpackGroup,
  type WorkerOptions,
  type WorkerReply,
  type WorkerRequest,
} from './sqlite-protocol.ts';
import { refusal, resultCode, sqliteFull } from './sqlite-schema.ts';

const port = parentPort!;

function send(reply: WorkerReply): void {
  if (reply.type === 'range' || reply.type === 'replay')
    port.postMessage(reply, [reply.rows.values, reply.rows.numbers.buffer as ArrayBuffer]);
  else port.postMessage(reply);
}

function answer(log: SqliteLog, request: WorkerRequest): WorkerReply {
  const { id, type } = request;
  switch (type) {
    case 'commit': {
      const group = unpackGroup(request.group);
      const outcomes = log.commit(group).map((outcome, index) => packOutcome(group[index]!, outcome));
      return { type, id, outcomes };
    }
    case 'range': {
      const { rows, revision, more } = log.range(request.request);
      return { type, id, rows: packRows(rows), revision, more };
    }
    case 'replay': {
      const { rows, through } = log.replay(request.request);
      return { type, id, rows: packRows(rows), through };
    }
    case 'compact':
      return { type, id, done: log.compact(request.revision) };
    case 'close':
      log.close();
      return { type, id };
  }
}

function serve(log: SqliteLog): void {
  port.on('message', (request: WorkerRequest) => {
    try {
      send(answer(log, request));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (resultCode(error) === sqliteFull) {
        send({ type: 'full', id: request.id, message });
        return;
      }
      // What is on the disk is not known any more (fsync may have dropped pages): nothing is answered from here on.
      send({ type: 'failed', message });
      port.close();
      return;
    }
    if (request.type === 'close') port.close();
  });
}

try {
  const log = new SqliteLog(workerData as WorkerOptions);
  send({ type: 'open', state: log.state });
  serve(log);
} catch (error) {
  const { reason, message } = refusal(error);
  send({ type: 'refused', reason, message });
}
