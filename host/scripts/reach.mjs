// Runs in the gateway's container, by its own Node, after `answer-of.mjs`. Prints how an address answered as one line of JSON.
// Argument: the address, without any key.
console.log(JSON.stringify(await globalThis.answerOf(process.argv.at(-1))));
// A connection that is kept alive would keep this alive as well.
process.exit(0);
