// Starts emulate's GitHub with a repository, and has it give out tokens of an app: one that may write, one that may
// only read. Arguments: the module, the port, the URL that it is known by, and the file for the tokens.
import { createSign } from 'node:crypto'
import { renameSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'

const [module, port, baseUrl, tokens] = process.argv.slice(2)
const { createEmulator } = await import(pathToFileURL(module).href)
const app = { app_id: 15368, slug: 'github-actions', name: 'GitHub Actions' }
const installation = { installation_id: 100, account: 'octo', permissions: { pull_requests: 'write', metadata: 'read' } }
const github = await createEmulator({
  service: 'github',
  hostname: '127.0.0.1',
  port: Number(port),
  baseUrl,
  seed: {
    tokens: {
      'canary-forge-octo-58c1f0aa': { login: 'octo', scopes: ['repo', 'user'] },
      'canary-forge-eve-90d2b7ce': { login: 'eve', scopes: ['repo', 'user'] },
    },
    github: {
      users: [{ login: 'octo' }, { login: 'eve' }],
      repos: [{ owner: 'octo', name: 'demo', auto_init: true }],
      apps: [{ ...app, permissions: installation.permissions, installations: [installation] }],
    },
  },
})
const key = github.generatedSecrets.find((secret) => secret.kind === 'github.app_private_key').value
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url')
const now = Math.floor(Date.now() / 1000)
const unsigned = `${part({ alg: 'RS256', typ: 'JWT' })}.${part({ iat: now - 10, exp: now + 300, iss: String(app.app_id) })}`
const jwt = `${unsigned}.${createSign('RSA-SHA256').update(unsigned).sign(key, 'base64url')}`
const token = async (permission) => {
  const answer = await fetch(`http://127.0.0.1:${port}/app/installations/100/access_tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${jwt}`, 'content-type': 'application/json' },
    body: JSON.stringify({ permissions: { pull_requests: permission } }),
  })
  if (answer.status !== 201) throw new Error(`no token: ${answer.status} ${await answer.text()}`)
  return (await answer.json()).token
}
const text = JSON.stringify({ writer: await token('write'), reader: await token('read') })
writeFileSync(`${tokens}.new`, text)
renameSync(`${tokens}.new`, tokens)
