/* As the CLI of Azure calls the variables. */
export const ACCOUNT_KEY = 'AZURE_STORAGE_KEY';
export const SAS_TOKEN = 'AZURE_STORAGE_SAS_TOKEN';
