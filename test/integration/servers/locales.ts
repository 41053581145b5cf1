/** Languages into which PostgreSQL's messages are translated, and that `install/debian.sh` makes known to the system. */
export const LOCALES = ['de_DE.UTF-8', 'fr_FR.UTF-8', 'ja_JP.UTF-8'] as const;
