/** The settings of one local Dovecot. */
export interface DovecotConfig {
  folder: string;
  /** The account and group of all processes. */
  user: string;
  group: string;
  port: number;
  tlsPort: number;
  /** The OAuth 2 introspection endpoint (RFC 7662) that knows the owner of an access token. Null: passwords only. */
  introspection: string | null;
  /** The capabilities to announce, to imitate a simpler server. Null: all of Dovecot's. */
  capability: string | null;
  /** The maximum of connections per account and address. Dovecot refuses more with an error. */
  connectionsPerUser: number;
}

/**
 * Configures Dovecot 2.3 as an ordinary process: one account, no chroot, loopback only. It reads the file of users
 * live.
 */
export function dovecotConfig(config: DovecotConfig): string {
  const { folder, user, group, port, tlsPort, introspection, capability, connectionsPerUser } = config;
  return `protocols = imap
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/state
instance_name = ronde-${port}
log_path = ${folder}/dovecot.log
info_log_path = ${folder}/dovecot-info.log
login_greeting = Ronde's local IMAP server is ready.

default_internal_user = ${user}
default_internal_group = ${group}
default_login_user = ${user}
first_valid_uid = 1
first_valid_gid = 1
default_vsz_limit = 1024M

ssl = yes
ssl_cert = <${folder}/cert.pem
ssl_key = <${folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login${introspection === null ? '' : ' xoauth2 oauthbearer'}
# A wrong password is answered at once: tests try many.
auth_failure_delay = 0
mail_max_userip_connections = ${connectionsPerUser}
${capability === null ? '' : `imap_capability = ${capability}\n`}
passdb {
  driver = passwd-file
  mechanisms = plain login none
  args = scheme=PLAIN username_format=%u ${folder}/users
}
${introspection === null ? '' : oauthPassdb(folder)}
userdb {
  driver = static
  args = uid=${user} gid=${group} home=${folder}/mail/%u
}

mail_location = maildir:~/Maildir
mail_fsync = never
mailbox_list_index = yes
namespace inbox {
  inbox = yes
  separator = /
${['Drafts', 'Sent', 'Junk', 'Trash', 'Archive'].map(specialFolder).join('')}}

service anvil {
  chroot =
  # No delay that grows with each failed login from the same address.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service imap-login {
  chroot =
  service_count = 0
  process_min_avail = 1
  client_limit = 2000
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${tlsPort}
    ssl = yes
  }
}
service imap {
  process_limit = 600
}
service auth {
  client_limit = 4000
}
`;
}

const oauthPassdb = (folder: string) => `passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${folder}/oauth2.conf.ext
}`;

const specialFolder = (name: string) => `  mailbox ${name} {
    auto = subscribe
    special_use = \\${name}
  }
`;

/** Configures how Dovecot asks for the owner of an access token. */
export function oauthConfig(introspection: string): string {
  return `introspection_mode = post
introspection_url = ${introspection}
active_attribute = active
active_value = true
username_attribute = email
`;
}
