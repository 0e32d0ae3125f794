import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type Smtp, type SmtpFault, startSmtp } from '../../../demo/services/smtp.ts'

/** For `NODE_EXTRA_CA_CERTS` or `tls.ca`: the self-signed certificate for 127.0.0.1 and localhost, valid until 2100. */
export const certificateFile = fileURLToPath(new URL('./smtp-certificate.pem', import.meta.url))

/** An SMTP server that speaks TLS from the first byte and wants a password, as the big mail providers do. */
export async function startTlsSmtp(
  options: { auth?: { user: string; password: string }; faults?: SmtpFault[]; port?: number } = {},
): Promise<Smtp> {
  const key = await readFile(new URL('./smtp-key.pem', import.meta.url), 'utf8')
  const cert = await readFile(certificateFile, 'utf8')
  const auth = options.auth ?? { user: 'monitor@example.com', password: 'p@ss/word' }
  return startSmtp({ tls: { key, cert }, auth, faults: options.faults, port: options.port })
}
