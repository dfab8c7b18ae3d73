/**
 * Loaded before each test file of `npm test`: properties draw the same examples in every run, so that one commit has
 * one result. `npm run ok` and `node --test FILE` draw new ones each time, and so find what nobody thought of.
 */
import fc from 'fast-check';

fc.configureGlobal({ seed: 1 });
